"""Topics, questions and the calibration, which a device fetches as files by their hash."""

from device.context import Device


def fetch_content(device: Device) -> None:
    """Fetch the content files that the device does not have."""
    del device
