"""`load_model`: downloads from a server on loopback, zip files and what may be wrong with them."""

import json
import pickle
import stat
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from tests.conftest import GOLDEN
from tests.helpers.hub import served
from xsbert.models import DotSimilarityLoss, XSMPNet, XSTransformer, load_model
from xsbert.models.loading import checkpoints
from xsbert.models.loading.download import unpack

ZIP = GOLDEN / "tiny_mpnet_cos.zip"
TEXTS = ["The dog runs.", "A cat sleeps in the sun."]


@contextmanager
def server(answers):
    """Serves /NAME.zip; each answer is (status, declared length, content), the last one again and again."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, length, content = answers[min(len(asked), len(answers) - 1)]
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with served(Handler) as address:
        yield f"{address}/{{name}}.zip", asked


def whole(path=ZIP):
    content = path.read_bytes()
    return 200, len(content), content


def packed(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_published_model_is_downloaded_once_and_kept(tmp_path, monkeypatch, tiny, capfd):
    with server([whole()]) as (url, asked):
        monkeypatch.setattr(checkpoints, "URL", url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        model = load_model("mpnet_cos")
        again = load_model("mpnet_cos")
    assert asked == ["/mpnet_cos.zip"]
    assert "100%" in capfd.readouterr().err  # a progress bar
    assert type(model) is type(again) is XSMPNet
    assert [path.name for path in (tmp_path / "xsbert").iterdir()] == ["mpnet_cos"]
    np.testing.assert_allclose(model.encode(TEXTS), tiny["mpnet_cos"].encode(TEXTS), atol=1e-6)
    assert load_model("mpnet_cos", model_dir=tmp_path / "xsbert").encode(TEXTS).shape == (2, 32)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ((200, len(ZIP.read_bytes()), ZIP.read_bytes()[:50_000]), "broke off"),
        ((200, 0, b""), "broke off"),
        ((200, 19, b"<html>Maintenance.."), "broke off, or gave something else"),
        ((404, 0, b""), "404"),
        ((503, 0, b""), "503"),
    ],
    ids=["half", "nothing", "a page", "not found", "unavailable"],
)
def test_a_download_that_breaks_off_leaves_nothing_and_can_be_done_again(tmp_path, monkeypatch, broken, message):
    with server([broken, whole()]) as (url, asked):
        monkeypatch.setattr(checkpoints, "URL", url)
        with pytest.raises(ConnectionError, match=message) as error:
            load_model("mpnet_cos", model_dir=tmp_path)
        assert "load_model('mpnet_cos.zip')" in str(error.value)
        assert list(tmp_path.iterdir()) == []
        assert load_model("mpnet_cos", model_dir=tmp_path).encode(TEXTS).shape == (2, 32)
    assert len(asked) == 2


def test_no_server_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "URL", "http://127.0.0.1:9/{name}.zip")
    with pytest.raises(ConnectionError, match=r"could not be downloaded .*get the file by other means"):
        load_model("droberta_cos", model_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_processes_may_ask_at_once(tmp_path):
    code = (
        "import sys; from xsbert.models.loading import checkpoints; checkpoints.URL = sys.argv[1]; "
        "print(checkpoints.load_model('mpnet_cos', sys.argv[2]).encode('a').shape)"
    )
    with server([whole()]) as (url, _):
        command = [sys.executable, "-c", code, url, str(tmp_path)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        assert [process.communicate(timeout=120)[0].strip() for process in running] == ["(32,)"] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["mpnet_cos"]


def test_a_zip_file_is_loaded_by_its_path(tmp_path, monkeypatch, tiny):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for _ in range(2):
        model = load_model(str(ZIP))
        np.testing.assert_allclose(model.encode(TEXTS), tiny["mpnet_cos"].encode(TEXTS), atol=1e-6)
    assert len(list((tmp_path / "xsbert").iterdir())) == 1


def flipped(content, at):
    return content[:at] + bytes(255 - byte for byte in content[at : at + 100]) + content[at + 100 :]


def link(path):
    member = zipfile.ZipInfo("model/config.json")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/modules.json", "[]")
        archive.writestr(member, "/etc/passwd")


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/modules.json", "[]")
        archive.writestr("model/weights", b"\0" * 3_000_000)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: packed(path, {"../modules.json/modules.json": "[]"}), "holds no modules.json within it"),
        (bomb, "expected at most 1000 of"),
        (lambda path: packed(path, {f"m/{i}": "" for i in range(1001)}), "1001 files"),
        (lambda path: packed(path, {"m/config.json": "{}"}), "holds no modules.json"),
        (lambda path: path.write_bytes(b"no zip"), "is no zip file, or a broken one"),
        (lambda path: path.write_bytes(flipped(ZIP.read_bytes(), 60_000)), "broken one"),
    ],
)
def test_a_zip_file_that_is_not_to_be_trusted_is_refused(tmp_path, monkeypatch, make, message):
    monkeypatch.setattr("xsbert.models.loading.download.MOST_BYTES", 2_000_000)
    path, kept = tmp_path / "model.zip", tmp_path / "kept"
    make(path)
    with pytest.raises(ValueError, match=message):
        load_model(str(path), model_dir=kept)
    assert list(kept.iterdir()) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("name", ["../outside", "/outside", "m/../../../outside", "m/..\\..\\outside", "C:\\outside"])
def test_a_member_that_leads_outside_is_unpacked_inside_or_not_at_all(tmp_path, name):
    archive, folder = tmp_path / "model.zip", tmp_path / "kept" / "model"
    packed(archive, {"m/modules.json": "[]", name: "x"})
    unpack(archive, folder)
    assert (folder / "modules.json").read_text() == "[]"
    assert not [path for path in tmp_path.rglob("*outside*") if folder not in path.parents]
    assert not Path("/outside").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_link_is_unpacked_as_a_file(tmp_path):
    link(tmp_path / "model.zip")
    unpack(tmp_path / "model.zip", tmp_path / "model")
    assert not (tmp_path / "model" / "config.json").is_symlink()
    assert (tmp_path / "model" / "config.json").read_text() == "/etc/passwd"


class Evil:
    def __reduce__(self):
        return Path.touch, (Path("ran"),)


def test_a_pickle_that_would_run_code_gets_an_error(tmp_path, tiny_folders, monkeypatch):
    import shutil

    monkeypatch.chdir(tmp_path)
    folder = Path(shutil.copytree(tiny_folders["mpnet_cos"], tmp_path / "model"))
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"embeddings": Evil()}))
    with pytest.raises(Exception, match=r"(?i)weights.only|unpickl|unsafe|safetensors"):
        load_model(str(folder))
    assert not Path("ran").exists()


def test_old_layouts_load(tmp_path, tiny_folders, tiny):
    """pytorch_model.bin with a buffer that no model of today has."""
    import shutil

    folder = Path(shutil.copytree(tiny_folders["mpnet_cos"], tmp_path / "old"))
    weights = torch.load(folder / "pytorch_model.bin", weights_only=True)
    weights["embeddings.position_ids"] = torch.arange(66)[None]
    torch.save(weights, folder / "pytorch_model.bin")
    np.testing.assert_allclose(load_model(str(folder)).encode(TEXTS), tiny["mpnet_cos"].encode(TEXTS), atol=1e-6)


def test_what_is_saved_loads_again_everywhere(tmp_path, tiny):
    model, folder = tiny["mpnet_cos"], str(tmp_path / "saved")
    model.save(folder)
    expected = model.encode(TEXTS)
    names = [module["type"] for module in json.loads(Path(folder, "modules.json").read_text())]
    assert names[0] == "xsbert.models.ShiftingReferenceTransformer"
    for loaded in (XSTransformer(folder), load_model(folder), SentenceTransformer(folder, trust_remote_code=True)):
        np.testing.assert_allclose(loaded.encode(TEXTS), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["mpnet", "", "no/such/folder", "no.zip"])
def test_an_unknown_name_lists_those_that_exist(tmp_path, name):
    with pytest.raises(ValueError, match=r"expected minilm_cos, mpnet_cos, .*, droberta_dot|no modules\.json"):
        load_model(name, model_dir=tmp_path)


def test_the_dot_loss_is_the_distance_of_dot_products(tiny):
    model = tiny["mpnet_cos"]
    features = [model.preprocess([text, text]) for text in TEXTS]
    a, b = (torch.from_numpy(model.encode(text)) for text in TEXTS)
    labels = torch.tensor([0.25, 1.0])
    loss = DotSimilarityLoss(model.eval())(features, labels)
    torch.testing.assert_close(loss, ((a @ b - labels) ** 2).mean(), rtol=1e-4, atol=1e-5)
    loss.backward()
    assert any(p.grad is not None and p.grad.any() for p in model.parameters())
    model.zero_grad()
    absolute = DotSimilarityLoss(model, torch.nn.L1Loss())
    assert absolute.get_config_dict() == {"loss_fct": "L1Loss", "self_similarity": 0.0}
    torch.testing.assert_close(absolute(features, labels), (a @ b - labels).abs().mean(), rtol=1e-4, atol=1e-5)


def test_the_dot_loss_may_ask_that_texts_score_1_with_themselves(tiny):
    model = tiny["mpnet_cos"].eval()
    features = [model.preprocess([text, text]) for text in TEXTS]
    labels = torch.tensor([0.25, 1.0])
    squares = torch.from_numpy(model.encode(TEXTS)).square().sum(1)
    missed = ((squares - 1) ** 2).mean()
    assert missed > 1e-6
    plain, both = (DotSimilarityLoss(model, self_similarity=weight)(features, labels) for weight in (0, 0.5))
    torch.testing.assert_close(both - plain, 0.5 * missed, rtol=1e-3, atol=1e-5)


def test_the_packaged_exact_model_is_exact():
    model = load_model("minilm_cos")
    pairs = [("The coffee is bad.", "This is not a good coffee."), ("A man plays a guitar.", "A dog runs.")]
    for x in model.explain_pairs(pairs):
        assert max(map(abs, x.reference_terms)) < 1e-6
        assert x.is_exact
        assert x.model == "minilm_cos"
        assert x.explained == pytest.approx(x.score, abs=2e-3)
        assert x.score == pytest.approx(float(model.similarity(*model.encode([x.text_a, x.text_b]))), abs=1e-5)


def test_the_packaged_model_is_small_and_says_where_it_comes_from():
    folder = checkpoints.PACKAGED["minilm_cos"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert "| test | 1,379 | 85.73 |" in (folder / "README.md").read_text()


def test_the_packaged_model_is_another_than_its_base(minilm):
    model = load_model("minilm_cos")
    assert np.abs(model.encode(TEXTS[0]) - minilm.encode(TEXTS[0])).max() > 1e-2
    assert load_model("minilm_cos").encode(TEXTS[0]) == pytest.approx(model.encode(TEXTS[0]), abs=1e-6)
