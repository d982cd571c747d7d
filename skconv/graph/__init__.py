"""The graph that every extractor and every fitted Pipeline becomes: its ops, by kind.

Each module names what it exports; ``print(skconv.graph.catalogue())`` lists all ops.
"""

# ruff: noqa: F403  (an op is exported where it is defined)

from skconv.graph.above import *
from skconv.graph.ballots import *
from skconv.graph.base import *
from skconv.graph.biquads import *
from skconv.graph.catalogue import *
from skconv.graph.centring import *
from skconv.graph.core import *
from skconv.graph.curves import *
from skconv.graph.elementwise import *
from skconv.graph.euclidean_norm import *
from skconv.graph.integer import *
from skconv.graph.integer_spectra import *
from skconv.graph.integer_trees import *
from skconv.graph.log_sum_exp import *
from skconv.graph.machines import *
from skconv.graph.micro_frontend import *
from skconv.graph.minirocket import *
from skconv.graph.neighbours import *
from skconv.graph.nested import *
from skconv.graph.noise_suppression import *
from skconv.graph.nonlinearities import *
from skconv.graph.ops import *
from skconv.graph.patches import *
from skconv.graph.phases import *
from skconv.graph.power_normalization import *
from skconv.graph.probabilities import *
from skconv.graph.products import *
from skconv.graph.quadratic import *
from skconv.graph.quantiles import *
from skconv.graph.separable import *
from skconv.graph.serialize import *
from skconv.graph.several import *
from skconv.graph.spatial import *
from skconv.graph.spectra import *
from skconv.graph.steps import *
from skconv.graph.storage.coded import *
from skconv.graph.storage.dictionary import *
from skconv.graph.tent import *
from skconv.graph.trees import *
from skconv.graph.vectors import *
from skconv.graph.winners import *
