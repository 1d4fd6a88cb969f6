"""Accuracy, intervals, forgetting, calibration and curves: pure functions of arrays. No torch."""
