"""What is known about skin: layers, needles, channels, actives, healing and treatment."""
