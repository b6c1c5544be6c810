"""What the command's helps say: what each first word does, and examples."""

PAIR_TEXT = """\
Why does this model find these two texts similar? Prints the similarity, what
each pair of tokens adds to it, and what the pairs leave unexplained. At a
terminal, red words raise the similarity; blue ones, underlined, lower it.
"""
PAIR_END = """\
for example:
  xsbert "The coffee is bad." "This is not a good coffee."
  xsbert "The coffee is bad." "Not a good coffee." --words --output coffee.png
  xsbert - "Not a good coffee." --output pair.html < review.txt

"rank" as the first word makes a ranking, "contrast" compares two documents,
"pairs" explains a file of pairs, "corpus" keeps a collection, "check" asks
what the model hears, "serve" opens an app (see xsbert rank --help, and so on):
  xsbert rank "bad coffee" reviews.txt

behind -- stand texts, whatever they look like:
  xsbert -- rank "-5 degrees"
"""
RANK_TEXT = """\
Which documents does this model find most similar to the query, and why?
Prints the best, each with its strongest pairs of words; at a terminal, its
words shaded by what the query finds in them: red raises the similarity, blue
(underlined) lowers it. All are compared with the query, the best explained.
"""
CORPUS_TEXT = """\
Keeps the token vectors of a collection's documents, so that each query after
the first is explained against them at once: xsbert rank QUERY --store STORE.
"""
CORPUS_END = """\
for example:
  xsbert corpus add reviews.csv --column text --id sku --store reviews.lance
  xsbert corpus add reviews.csv --store reviews.lance --workers 2
  xsbert corpus optimize reviews.lance
  xsbert rank "bad coffee" --store reviews.lance --output ranking.html
"""
CHECK_TEXT = """\
Does this model hear negation, opposites, numbers, names, word order? Each
minimal pair asks whether a text that says something else in nearly the same
words is less similar than one that says the same in other words; and which
words the model hears the difference by.
"""
CHECK_END = """\
for example:
  xsbert check --model FOLDER --output check.html
  xsbert check --family negation --fail-below 0.8
  xsbert check --pairs ours.csv --only-pairs

a file of pairs is a .csv or .tsv with the columns family, text, same and
different. The status is 1 where a family is heard less than --fail-below says.
"""
PAIRS_TEXT = """\
Explains a file of pairs: a page for each, and an overview, sorted by score or
by how far a score is above its label. Which pairs of words carry the scores,
and which over-match? What was explained is kept: the same command goes on.
"""
PAIRS_END = """\
for example:
  xsbert pairs pairs.csv --output explained
  xsbert pairs stsb.tsv --columns sentence1 sentence2 --label score --output explained
  xsbert pairs duplicates.jsonl --sort difference --output explained

columns with usual names (sentence1 and sentence2, text_a and text_b, query and
document, ...; score, label) need not be named.
"""
CONTRAST_TEXT = """\
Why does one document score above another for a query? Prints what each word of
the query adds to the first document's similarity more than to the second's.
"""
SERVE_TEXT = """\
An app in the browser: two texts, or a query and documents, explained as they
are typed. It is served to this machine alone; nothing is fetched or told.
"""
SERVE_END = """\
for example:
  xsbert serve
  xsbert serve --model minilm_cos --model FOLDER --port 8000
"""
CONTRAST_END = """\
for example:
  xsbert contrast "bad coffee" "The coffee was awful." "The tea was bad."
"""
RANK_END = """\
for example:
  xsbert rank "bad coffee" reviews.txt --output ranking.html
  xsbert rank "bad coffee" reviews.csv --column text --id sku --top 3
  cut -f 2 reviews.tsv | xsbert rank "bad coffee" - --json > ranking.json
  xsbert rank "bad coffee" --store reviews.lance --output ranking.html
"""
