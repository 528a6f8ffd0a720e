"""Calibration of the model of mastery from the answers of all students."""
