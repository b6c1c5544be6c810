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


@pytest.mark.parametrize("name", ["train_csv", "train_tsv_gz"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path, name):
    comma = "," if "csv" in name else "\t"
    header = f"\ufeffsentence1{comma}sentence2{comma}score\n"
    write(tmp_path, **{name: f"{header}a{comma}b{comma}1\n"}, dev_csv="\ufeffa,b,1\n", test_csv="a,b,1\n")
    splits = read_splits(tmp_path)
    assert splits["train"] == splits["dev"] == [("a", "b", 1.0)]


def test_a_row_of_several_lines_stands_where_it_begins(tmp_path):
    write(tmp_path, train_csv='"a\nb",c,1\n"d\ne",f,9\n', dev_csv="a,b,1\n", test_csv="a,b,1\n")
    with pytest.raises(ValueError, match=r"train\.csv, line 3: the score is '9'"):
        read_splits(tmp_path)


GOOD = {"train_csv": "a,b,1\n", "dev_csv": "a,b,2\n", "test_csv": "a,b,3\n"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"dev_csv": "a,b,2\nc,d,high\n"}, r"dev\.csv, line 2: the score is 'high'; expected a number from 0 to 5"),
        ({"dev_csv": "a,b,2\n\nc,d,nan\n"}, r"dev\.csv, line 3: the score is 'nan'"),
        ({"test_csv": "a,b,7\n"}, r"test\.csv, line 1: the score is '7'"),
        ({"train_csv": "a,b\n"}, r"train\.csv, line 1: got 2 columns without a header; expected sentence1, sentence2"),
        ({"train_csv": "sentence1,score\na,2\n"}, r"train\.csv, line 1: the column 'sentence2' is missing"),
        (
            {"train_csv": "sentence1,sentence2,sentence1,score\na,b,c,2\n"},
            r"line 1: the column 'sentence1' stands there tw",
        ),
        ({"train_csv": "a,b,1\nc,d\n"}, r"train\.csv, line 2: got 2 columns; expected 3, as in the first"),
        ({"train_csv": "a,,1\n"}, r"train\.csv, line 1: a text is empty"),
        ({"train_csv": 'a,b,1\n"c,d,2\ne,f,3\n'}, r"train\.csv, line 2: a quotation mark opens a text here and is not"),
        ({"train_csv": '"a\na",b,1\n"c\nc","d,2\ne,f,3\n'}, r"train\.csv, line 4: a quotation mark opens"),
        ({"dev_csv": 'a,b,2\n"c" c,d,3\n'}, r"dev\.csv, line 2: a quotation mark opens"),
        ({"dev_csv": '"a",b,2\n"c,d,3\ne,"f",4\n'}, r"dev\.csv, line 2: a quotation mark opens"),
        (
            {"train_csv": "score,sentence1,sentence2\n2,A man, running.,B\n"},
            r"line 2: got 4 columns; expected 3, as in",
        ),
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
    (tmp_path / "latin.tsv").write_bytes("a\tb\t1\nä\tb\t1\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.tsv, line 2, is not UTF-8 \(byte 0xe4\)"):
        read_splits(tmp_path / "latin.tsv")
