"""A few pairs of our own, for where no data set is at hand: too few to conclude anything from."""

PAIRS = (
    ("The coffee is bad.", "This is not a good coffee."),
    ("A dog runs across the yard.", "The cat sleeps on the sofa."),
    ("She plays the violin in an orchestra.", "A woman makes music with others."),
    ("Heavy rain flooded the old town.", "Streets were under water after the storm."),
    ("The train to Lyon leaves at noon.", "At twelve a train departs for Lyon."),
    ("He repaired his bicycle yesterday.", "The price of oil rose again."),
    ("Two children build a castle of sand.", "Kids are playing on the beach."),
    ("The committee rejected the proposal.", "The plan was approved by the board."),
)
