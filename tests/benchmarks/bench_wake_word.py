"""A streaming wake phrase, after MLPerf Tiny 1.3's task: misses and false alarms on 30 minutes.

Audio: Debian's asterisk prompts, read speech from studios at 8 kHz. The phrase is the prompt
"hello-world" in six voices and five languages, one take each: other speakers are not tested.
Gain (-6 to 4 dB), speed (0.92 to 1.08), noise and neighbours are new each time. The detector is
fitted to a stream of training prompts with the phrase spliced in; its threshold is chosen on
another one. The test stream has the other prompts, which it has never heard, between pauses of
0.2 to 0.8 s, the phrase about every 36 s, and white noise of changing level, 10 to 30 dB below
speech.

A window of 1.2 s is decided on every 100 ms: log-mel, Gabor features, logistic regression. The C
of the host runs over the whole stream, and has to give the decisions and scores of the integer
definition.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_wake_word.py [--minutes 30] [--check-minutes 30]
"""

from __future__ import annotations

import argparse
import time
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv import EventDetector, LogMelSpectrogram, SpectroTemporalGaborFeatures
from skconv.datasets import VOICE_RATE, load_prompts
from skconv.signals.events import count_events

PHRASE = "hello-world"
WINDOW, HOP = 9600, 800
SPEECH_LEVEL = 3400.0  # The root mean square of the prompts.


class Recording(NamedTuple):
    """A stream of sound, and from which sample to which the phrase is said."""

    samples: np.ndarray
    spans: np.ndarray


def without_silence(samples):
    loud = np.flatnonzero(np.abs(samples.astype(float)) > 300)
    return samples[loud[0] : loud[-1] + 1].astype(float)


def varied(take, rng):
    """A take at another speed and gain."""
    places = np.arange(0, len(take) - 1, rng.uniform(0.92, 1.08))
    return np.interp(places, np.arange(len(take)), take) * 10 ** (rng.uniform(-6, 4) / 20)


def recording(prompts, takes, seconds, gap, seed):
    """Prompts one after the other, the phrase about every ``gap`` seconds, noise under all."""
    rng = np.random.RandomState(seed)
    parts, spans, length, due = [], [], 0, rng.uniform(0.5, 1.5) * gap
    while length < seconds * VOICE_RATE:
        is_phrase = length > due * VOICE_RATE
        sound = varied(
            takes[rng.randint(len(takes))]
            if is_phrase
            else prompts[rng.randint(len(prompts))].astype(float),
            rng,
        )
        pause = np.zeros(int(rng.uniform(0.2, 0.8) * VOICE_RATE))
        if is_phrase:
            spans.append((length, length + len(sound)))
            due += rng.uniform(0.5, 1.5) * gap
        parts += [sound, pause]
        length += len(sound) + len(pause)
    samples = np.concatenate(parts)
    knots = np.arange(0, len(samples) + 1, 5 * VOICE_RATE)
    decibels = np.interp(np.arange(len(samples)), knots, rng.uniform(-30, -10, len(knots)))
    samples += SPEECH_LEVEL * 10 ** (decibels / 20) * rng.normal(size=len(samples))
    return Recording(np.clip(np.rint(samples), -32768, 32767).astype(np.int16), np.array(spans))


def windows(found):
    """Windows with 1 where one has just heard the phrase, 0 where none of it or little."""
    ends = np.arange(WINDOW, len(found.samples) + 1, HOP)
    label = np.zeros(len(ends), int)
    for start, stop in found.spans:
        heard = (ends - start) / (stop - start)
        label[(heard > 0.4) & (ends - stop < WINDOW - 0.4 * (stop - start))] = -1
        label[(ends >= stop) & (ends < stop + 0.25 * VOICE_RATE)] = 1
    kept = label >= 0
    return np.stack([found.samples[e - WINDOW : e] for e in ends[kept]]), label[kept]


def allowed(found):
    """The windows, by number, in which each phrase may be found: until 0.8 s after its end."""
    starts, stops = found.spans.T
    first = (starts + 0.5 * (stops - starts) - WINDOW) / HOP
    last = (stops + 0.8 * VOICE_RATE - WINDOW) / HOP
    return np.stack([np.ceil(first), np.floor(last)], axis=1)


def chosen_threshold(detector, scores, found):
    """The threshold with fewest misses and false alarms, of equals the middle one, and these."""
    candidates = np.quantile(scores, 1 - np.geomspace(2e-4, 0.2, 200))
    costs = []
    for threshold in candidates:
        events = np.flatnonzero(detector.set_params(threshold=threshold).detect(scores) >= 0)
        counts = count_events(events, allowed(found))
        costs.append(counts.misses + counts.false_alarms)
    best = np.flatnonzero(np.array(costs) == min(costs))
    return float(candidates[best[len(best) // 2]]), min(costs)


def fitted(prompts, takes, n_filters):
    X, y = windows(recording(prompts, takes, 1200, 3, seed=1))
    rng = np.random.RandomState(0)
    rest = rng.permutation(np.flatnonzero(y == 0))[:5000]
    rows = np.concatenate([np.flatnonzero(y == 1), rest])
    classifier = LogisticRegression(C=0.01, max_iter=300, class_weight="balanced")
    pipe = make_pipeline(
        LogMelSpectrogram(VOICE_RATE, n_bands=32),
        SpectroTemporalGaborFeatures(
            n_bands=32, pool="quarters", n_filters=n_filters, random_state=0
        ),
        StandardScaler(),
        EventDetector(classifier, refractory=12, n_smooth=2),
    ).fit(X[rows], y[rows])
    print(f"fitted to {y.sum()} windows with the phrase and {len(rest)} without")
    return pipe, X[rng.permutation(rows)[:300]]


def material():
    """Takes of the phrase, prompts to fit, prompts held back; split by name for all voices."""
    found = load_prompts()
    names = np.random.RandomState(0).permutation(np.unique(found.names[found.names != PHRASE]))
    held_back = set(names[: len(names) // 3])
    takes, known, unknown = [], [], []
    for sound, name in zip(found.data, found.names, strict=True):
        if name == PHRASE:
            takes.append(without_silence(sound))
        else:
            (unknown if name in held_back else known).append(sound)
    print(
        f"{len(takes)} takes of {PHRASE!r}; {len(known)} prompts to fit, {len(unknown)} held back"
    )
    return takes, known, unknown


def exported(pipe, calibration):
    return skconv.to_c(
        pipe, calibration, name="wake", input="samples", window=WINDOW, hop=HOP, target="cortex-m4"
    )


def with_threshold(pipe, calibration, known, takes):
    """The C, with a threshold that is chosen on 10 other minutes of training prompts."""
    other = recording(known, takes, 600, 12, seed=2)
    model = exported(pipe, calibration)
    _, scores = model.stream("c").push(other.samples, return_scores=True)
    threshold, cost = chosen_threshold(pipe[-1], scores, other)
    print(
        f"threshold {threshold:.3f}: {cost} misses and false alarms of "
        f"{len(other.spans)} phrases in 10 minutes of training prompts"
    )
    return exported(pipe.set_params(eventdetector__threshold=threshold), calibration)


def listen(model, test):
    """Print how the C does on a stream; its decisions and scores."""
    start = time.process_time()
    found, scores = model.stream("c").push(test.samples, return_scores=True)
    took = time.process_time() - start
    counts = count_events(np.flatnonzero(found >= 0), allowed(test))
    seconds = len(test.samples) / VOICE_RATE
    print(
        f"\n{seconds / 60:.1f} minutes of held-back prompts, {len(test.spans)} phrases: "
        f"{counts.hits} hits, {counts.misses} misses, {counts.false_alarms} false alarms"
    )
    an_hour = 3600 / seconds
    print(
        f"misses an hour {counts.misses * an_hour:.1f}, "
        f"false alarms an hour {counts.false_alarms * an_hour:.1f} "
        "(MLPerf Tiny 1.3's form, on its own words: 44 hits, 6 misses, 4 false alarms)"
    )
    print(f"host C: {1000 * took / seconds:.2f} ms of processor time a second of sound")
    return found, scores


def compare(model, samples, found, scores):
    """Print in how many decisions the C differs from Python."""
    wanted, defined = model.stream("fixed").push(samples, return_scores=True)
    n = len(wanted)
    print(
        f"C against Python over {len(samples) / VOICE_RATE / 60:.1f} minutes: {n:,} decisions, "
        f"{int((found[:n] != wanted).sum())} differ, and "
        f"{int((scores[:n] != defined).sum())} scores"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--check-minutes", type=float, default=30, help="of C against Python")
    parser.add_argument("--n-filters", type=int, default=None)
    arguments = parser.parse_args()
    takes, known, unknown = material()
    pipe, calibration = fitted(known, takes, arguments.n_filters)
    model = with_threshold(pipe, calibration, known, takes)
    report = model.report()
    print(f"tables in flash {report.flash_bytes:,} bytes, RAM {report.ram_bytes:,} bytes")
    test = recording(unknown, takes, 60 * arguments.minutes, 36, seed=3)
    found = listen(model, test)
    compare(model, test.samples[: int(60 * arguments.check_minutes * VOICE_RATE)], *found)


if __name__ == "__main__":
    main()
