"""Pictures as the encoder is given them: their pixels, their patches, and where these lie."""
