"""The texts that studies ask with: minimal pairs, sentences that are negated, frames; and how they are read."""
