"""Item selection: values of items, exposure control, content balance and explanations."""
