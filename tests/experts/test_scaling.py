"""Feature scaling: outliers, constants and gaps."""

import numpy as np

from molgen.experts.scaling import FeatureScaler


def test_training_rows_come_out_standardised():
    rng = np.random.default_rng(0)
    values = rng.normal(5, 3, size=(2000, 2))
    scaled = FeatureScaler.fit(values).transform(values)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-5)


def test_outliers_gaps_infinities_and_constants_stay_finite_and_bounded():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(size=500), np.full(500, 7.0), np.full(500, np.nan), rng.normal(size=500)])
    values[0, 0], values[1, 3] = np.inf, 1e300
    scaler = FeatureScaler.fit(values)
    scaled = scaler.transform(np.vstack([values, [[1e308, -1e308, 3.0, np.nan]]]))
    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max() < 10
    assert scaled[-1, 3] == 0
