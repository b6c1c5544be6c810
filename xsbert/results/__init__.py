"""What users hold: attributions, token vectors, rankings. numpy alone."""
