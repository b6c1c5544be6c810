"""Models that embed their reference as zero."""
