"""Content as files for devices: the syllabus, practice questions with answers, the calibration."""
