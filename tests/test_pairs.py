"""Scored pairs from files: every layout, and errors that name the file and the line."""

import gzip

import pytest

from xsbert.pairs import ScoredPair, read_splits
from xsbert.utils import load_sts_data

HEADER = "split\tgenre\tdataset\tyear\tsid\tscore\tsentence1\tsentence2\n"
BENCHMARK = HEADER + "".join(
    f'{split}\tmain-news\tMSRvid\t2012\t{i}\t{i}.5\tA "man" runs.\tA dog, {split}.\n'
    for i, split in enumerate(["train", "train", "dev", "test"])
)


def write(folder, **files):
    for name, content in files.items():
        stem, _, suffix = name.partition("_")
        path = folder / f"{stem}.{suffix.replace('_', '.')}"
        path.write_bytes(gzip.compress(content.encode()) if suffix.endswith("gz") else content.encode())
    return folder


def test_the_benchmarks_own_file(tmp_path):
    file = write(tmp_path, stsbenchmark_tsv_gz=BENCHMARK) / "stsbenchmark.tsv.gz"
    splits = read_splits(file)
    assert splits["train"] == [
        ScoredPair('A "man" runs.', "A dog, train.", 0.1),
        ScoredPair('A "man" runs.', "A dog, train.", 0.3),
    ]
    assert [len(splits[name]) for name in ("dev", "test")] == [1, 1]
    train, dev, test = load_sts_data(file)
    assert (train[0].texts, train[0].label) == (['A "man" runs.', "A dog, train."], 0.1)
    assert (len(train), len(dev), len(test)) == (2, 1, 1)


def test_files_of_any_kind_in_a_folder(tmp_path):
    write(
        tmp_path,
        train_csv='"A man, running.",A dog.,5.0\nx,y,0\n',
        validation_tsv="score\tsentence2\tsentence1\n2.5\tb\ta\n",
        test_csv_gz="sentence1,sentence2,score\nc,d,1\n\n",
    )
    assert read_splits(tmp_path) == {
        "train": [("A man, running.", "A dog.", 1.0), ("x", "y", 0.0)],
        "dev": [("a", "b", 0.5)],
        "test": [("c", "d", 0.2)],
    }


def test_scores_up_to_1_are_taken_as_they_are(tmp_path):
    write(tmp_path, train_csv="a,b,0.5\n", dev_csv="a,b,1\n", test_csv="a,b,0\n")
    assert [pairs[0].score for pairs in read_splits(tmp_path).values()] == [0.5, 1.0, 0.0]


GOOD = {"train_csv": "a,b,1\n", "dev_csv": "a,b,2\n", "test_csv": "a,b,3\n"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"dev_csv": "a,b,2\nc,d,high\n"}, r"dev\.csv, line 2: the score is 'high'; expected a number from 0 to 5"),
        ({"dev_csv": "a,b,2\n\nc,d,nan\n"}, r"dev\.csv, line 3: the score is 'nan'"),
        ({"test_csv": "a,b,7\n"}, r"test\.csv, line 1: the score is '7'"),
        ({"train_csv": "a,b\n"}, r"train\.csv, line 1: got 2 columns without a header; expected sentence1, sentence2"),
        ({"train_csv": "sentence1,score\na,2\n"}, r"train\.csv, line 1: the column 'sentence2' is missing"),
        ({"train_csv": "a,b,1\nc,d\n"}, r"train\.csv, line 2: got 2 columns; expected at least 3"),
        ({"train_csv": "a,,1\n"}, r"train\.csv, line 1: a text is empty"),
        ({"test_csv": ""}, r"the split 'test' is empty"),
        ({"test_csv": "sentence1,sentence2,score\n"}, r"the split 'test' is empty"),
        ({"train_csv": "a,b,1\n\x00\xff".encode("latin-1").decode("latin-1")}, r"train\.csv"),
    ],
)
def test_bad_data_names_the_file_and_the_line(tmp_path, files, message):
    write(tmp_path, **(GOOD | files))
    with pytest.raises(ValueError, match=message):
        read_splits(tmp_path)


def test_missing_files_are_named(tmp_path):
    write(tmp_path, train_csv="a,b,1\n")
    with pytest.raises(ValueError, match=r"has no dev split; expected a file dev\.csv or dev\.tsv"):
        read_splits(tmp_path)
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        read_splits(tmp_path / "nothing")
    with pytest.raises(ValueError, match="has no column 'split'"):
        read_splits(tmp_path / "train.csv")
    (tmp_path / "broken.tsv.gz").write_bytes(b"no gzip")
    with pytest.raises(ValueError, match=r"broken\.tsv\.gz can't be read"):
        read_splits(tmp_path / "broken.tsv.gz")
    (tmp_path / "latin.tsv").write_bytes("ä\tb\t1\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.tsv can't be read"):
        read_splits(tmp_path / "latin.tsv")
