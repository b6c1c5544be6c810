"""Where documents come from: every kind gives the same documents, and what is wrong is named."""

import gzip

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset

from xsbert.corpus.sources import chunks, digest_of_text, source_of

ROWS = [("7", "The coffee is bad."), ("B9", "Tea, please!"), ("x", "咖啡很难喝。")]
IDS, TEXTS = map(list, zip(*ROWS, strict=True))
CSV = 'sku,text\n7,The coffee is bad.\nB9,"Tea, please!"\nx,咖啡很难喝。\n'
JSONL = "\n".join(f'{{"sku": "{name}", "text": "{text}"}}' for name, text in ROWS)


def written(folder, name, content):
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(pa.table({"sku": IDS, "text": TEXTS}), path)
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(content.encode()))
    else:
        path.write_text(content, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("name", "content"), [("d.csv", CSV), ("d.csv.gz", CSV), ("d.jsonl", JSONL), ("d.parquet", "")]
)
def test_files_of_every_kind(tmp_path, name, content):
    path = written(tmp_path, name, content)
    source = source_of(path, None, "text", "sku")
    assert source.total == 3
    assert list(source.documents) == ROWS
    assert [text for _, text in source_of(path, None, None, "sku").documents] == TEXTS
    assert list(source_of(path, [1, 2, 3], "text").documents) == list(zip("123", TEXTS, strict=True))
    with pytest.raises(ValueError, match="has the columns 'sku', 'text'; expected column= with one of them"):
        list(source_of(path).documents)
    with pytest.raises(ValueError, match="no column 'body'"):
        list(source_of(path, None, "body").documents)
    with pytest.raises(ValueError, match="got ids and id_column=sku; expected one of the two"):
        source_of(path, IDS, "text", "sku")


def test_tables_lists_and_iterators():
    columns = {"sku": IDS, "text": TEXTS}
    for table in (Dataset.from_dict(columns), pd.DataFrame(columns)):
        assert source_of(table, None, "text", "sku").total == 3
        assert list(source_of(table, None, "text", "sku").documents) == ROWS
        with pytest.raises(ValueError, match="got the column 'body'; the table has 'sku', 'text'"):
            source_of(table, None, "body")
    streamed = source_of(Dataset.from_dict(columns).to_iterable_dataset(), None, "text", "sku")
    assert (streamed.total, list(streamed.documents)) == (None, ROWS)
    for texts in (TEXTS, pd.Series(TEXTS), iter(TEXTS), (text for text in TEXTS)):
        assert list(source_of(texts, IDS).documents) == ROWS
    assert list(source_of(iter(TEXTS)).documents) == [(digest_of_text(text), text) for text in TEXTS]
    assert source_of(iter(TEXTS)).total is None


def test_blank_texts_are_left_out_with_their_ids():
    assert list(source_of(["a", "", None, " \n", "b"], range(5)).documents) == [("0", "a"), ("4", "b")]


@pytest.mark.parametrize(
    ("texts", "ids", "error"),
    [
        (["a", "b"], ["1"], "ids got 1 for more texts"),
        (["a"], ["1", "2"], "ids got more than 1 for 1 texts"),
        ([], ["1"], "ids got more than 0 for 0 texts"),
        (["a"], [1.5], r"ids\[0\] got 1.5 \(float\)"),
        (["a"], [True], r"ids\[0\] got True"),
        (["a", 7], None, r"texts\[1\] got 7"),
        (b"abc", None, "texts got b'abc'"),
        (7, None, "texts got 7"),
        ("no file.csv", None, "which is no file; expected a list"),
    ],
)
def test_what_is_no_collection_is_refused(texts, ids, error):
    with pytest.raises((TypeError, ValueError, OSError), match=error):
        list(source_of(texts, ids).documents)
    with pytest.raises(ValueError, match="got column=text and a list, which has no columns"):
        source_of(["a"], None, "text")


def test_chunks_hold_each_id_once():
    found = list(chunks(iter([("a", "x"), ("a", "x"), ("b", "y"), ("c", "z")]), 3))
    assert [part["id"].to_pylist() for part in found] == [["a", "b"], ["c"]]
    with pytest.raises(ValueError, match="the id 'a' stands before two texts, 'x' and 'y'"):
        list(chunks(iter([("a", "x"), ("a", "y")]), 3))
