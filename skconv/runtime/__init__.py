"""Ways to run a graph: the float definition, numpy, torch, the integer definition, compiled C."""

# These register ops that two runtimes share.
from skconv.runtime import above as above
from skconv.runtime import ballots as ballots
from skconv.runtime import biquads as biquads
from skconv.runtime import centring as centring
from skconv.runtime import curves as curves
from skconv.runtime import elementwise as elementwise
from skconv.runtime import euclidean_norm as euclidean_norm
from skconv.runtime import integer_power_normalization as integer_power_normalization
from skconv.runtime import integer_spectra as integer_spectra
from skconv.runtime import micro_frontend as micro_frontend
from skconv.runtime import minirocket as minirocket
from skconv.runtime import neighbours as neighbours
from skconv.runtime import nested as nested
from skconv.runtime import noise_suppression as noise_suppression
from skconv.runtime import phases as phases
from skconv.runtime import power_normalization as power_normalization
from skconv.runtime import probabilities as probabilities
from skconv.runtime import products as products
from skconv.runtime import quadratic as quadratic
from skconv.runtime import quantiles as quantiles
from skconv.runtime import spatial as spatial
from skconv.runtime import spectra as spectra
from skconv.runtime import steps as steps
from skconv.runtime import trees as trees
from skconv.runtime import winners as winners
