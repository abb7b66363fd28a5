#!/usr/bin/env python3
"""Writes quality.json: features, and what their measures are by other implementations than ours.

  tests/golden/make_quality.py                    formulas of the papers in NumPy and SciPy; writes tests/golden/quality.json
  tests/golden/make_quality.py --torch-fidelity   instead compares them with PyPI's torch-fidelity on the same features

Needs numpy and scipy, for the comparison torch-fidelity (all from PyPI); the tests need none of them, only the file.
tests/unit/eval/quality_golden_test.cc holds our measures to it, to 1e-3 relative.
"""
import json
import pathlib
import sys

import numpy
import scipy.linalg
import scipy.special
import scipy.stats

ROWS = 120
DIMS = 6
CLASSES = 5
SPLITS = 4
NEIGHBOURS = 3


def make_features():
    """Two clouds with correlated columns and different moments, and logits; rounded so that text holds them exactly."""
    random = numpy.random.default_rng(20170626)
    mix = random.normal(size=(DIMS, DIMS))
    reference = random.normal(size=(ROWS, DIMS)) @ mix
    samples = 0.7 * random.normal(size=(ROWS, DIMS)) @ mix + random.normal(size=DIMS) + 0.3 * random.normal(size=(ROWS, DIMS))
    logits = 2 * random.normal(size=(ROWS, CLASSES)) + random.normal(size=CLASSES)
    return [numpy.round(matrix, 3).astype(numpy.float32) for matrix in (reference, samples, logits)]


def frechet(a, b):
    """Heusel et al. 2017, with the matrix root itself."""
    root = scipy.linalg.sqrtm(numpy.cov(a, rowvar=False) @ numpy.cov(b, rowvar=False))
    means = numpy.sum((a.mean(0) - b.mean(0)) ** 2)
    return float(means + numpy.trace(numpy.cov(a, rowvar=False) + numpy.cov(b, rowvar=False) - 2 * root.real))


def mmd(a, b):
    """Binkowski et al. 2018, the unbiased estimate."""
    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3
    m = len(a)
    within = sum(k.sum() - numpy.trace(k) for k in (kernel(a, a), kernel(b, b)))
    return float(within / (m * (m - 1)) - 2 * kernel(a, b).mean())


def covered(points, centres):
    """Kynkaanniemi et al. 2019: the share of the points that lie in a ball around a centre."""
    def distances(x, y):
        return numpy.sqrt(((x[:, None, :] - y[None, :, :]) ** 2).sum(2))
    radii = numpy.sort(distances(centres, centres), axis=1)[:, NEIGHBOURS]
    return float((distances(points, centres) <= radii).any(1).mean())


def inception_score(logits):
    """Salimans et al. 2016: mean and deviation over splits."""
    scores = []
    for part in numpy.split(scipy.special.softmax(logits, axis=1), SPLITS):
        scores.append(numpy.exp(numpy.mean([scipy.stats.entropy(row, part.mean(0)) for row in part])))
    return float(numpy.mean(scores)), float(numpy.std(scores))


def sliced_wasserstein(a, b):
    """Columns are the projections: the root mean square of the one-dimensional 2-Wasserstein distances."""
    return float(numpy.sqrt(numpy.mean((numpy.sort(a, axis=0) - numpy.sort(b, axis=0)) ** 2)))


def class_divergence(logits, reference_logits):
    shares = [numpy.bincount(x.argmax(1), minlength=CLASSES) / len(x) for x in (logits, reference_logits)]
    return float(scipy.stats.entropy(*shares))


def measure(reference, samples, logits):
    reference, samples, logits = (matrix.astype(numpy.float64) for matrix in (reference, samples, logits))
    score, deviation = inception_score(logits)
    return {"frechet": frechet(samples, reference), "mmd": mmd(samples, reference),
            "precision": covered(samples, reference), "recall": covered(reference, samples),
            "score": score, "score_deviation": deviation,
            "sliced_wasserstein": sliced_wasserstein(samples, reference),
            "class_divergence": class_divergence(logits, logits[::-1][:ROWS // 2])}


def measure_by_torch_fidelity(reference, samples, logits):
    import torch
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc
    reference, samples, logits = (torch.tensor(matrix).double() for matrix in (reference, samples, logits))
    statistics = [metric_fid.fid_features_to_statistics(x) for x in (samples, reference)]
    kid = metric_kid.kid_features_to_metric(samples, reference, kid_subsets=1, kid_subset_size=len(samples), verbose=False)
    prc = metric_prc.prc_features_to_metric(samples, reference, prc_neighborhood=NEIGHBOURS, verbose=False)
    isc = metric_isc.isc_features_to_metric(logits, splits=SPLITS, shuffle=False)
    return {"frechet": metric_fid.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"],
            "mmd": kid["kernel_inception_distance_mean"], "precision": prc["precision"], "recall": prc["recall"],
            "score": isc["inception_score_mean"], "score_deviation": isc["inception_score_std"]}


def main():
    features = make_features()
    expected = measure(*features)
    if "--torch-fidelity" in sys.argv[1:]:
        for name, value in measure_by_torch_fidelity(*features).items():
            print(f"{name:16} {expected[name]:.9g}  torch-fidelity {value:.9g}  relative difference {abs(value / expected[name] - 1):.1e}")
        return
    names = ("reference", "samples", "logits")
    golden = {name: [[float(str(value)) for value in row] for row in matrix] for name, matrix in zip(names, features)}
    golden |= {"splits": SPLITS, "neighbours": NEIGHBOURS, "expected": expected}
    path = pathlib.Path(__file__).with_name("quality.json")
    path.write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
