"""Magray's own embedder: what its vectors are, that they are the same everywhere, and that damage is refused."""

from __future__ import annotations

import hashlib
import threading
from importlib import resources

import numpy as np
import pytest

from magray_core.errors import ProviderError
from magray_models.embedders import static
from magray_models.embedders.static import StaticEmbedder, Vocabulary, embedder_from, load_static, words_of

CODE = {
    "json": "def load_settings(path):\n    with open(path) as stream:\n        return json.load(stream)\n",
    "socket": "def listen(host, port):\n    sock = socket.socket()\n    sock.bind((host, port))\n    sock.listen(5)\n",
    "sort": "def by_age(people):\n    return sorted(people, key=lambda person: person.age, reverse=True)\n",
    "email": "func SendMail(to string, subject string) error {\n\treturn smtp.SendMail(addr, auth, from, to, msg)\n}\n",
    "hash": "fn digest(data: &[u8]) -> String {\n    let mut hasher = Sha256::new();\n    hasher.update(data);\n}\n",
    "cache": "class LruCache {\n  get(key) { return map.get(key) }\n  evict() { map.delete(this.oldest()) }\n}\n",
}
QUESTIONS = [
    ("read a json file", "json"), ("open a tcp socket and wait for connections", "socket"),
    ("python sort list of objects descending", "sort"), ("how to send an email", "email"),
    ("compute sha256 checksum", "hash"), ("remove the least recently used entry", "cache"),
    ("прочитать json файл", "json"), ("отсортировать список", "sort"), ("отправить письмо", "email"),
    ("вычислить хеш", "hash"), ("удалить из кэша", "cache"), ("слушать порт сокета", "socket"),
]  # fmt: skip


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return load_static()


@pytest.mark.parametrize(("question", "answer"), QUESTIONS, ids=[question for question, _ in QUESTIONS])
def test_a_question_is_nearest_to_the_code_that_answers_it(
    embedder: StaticEmbedder, question: str, answer: str
) -> None:
    cosines = embedder.embed(list(CODE.values())) @ embedder.embed_query(question)
    assert list(CODE)[int(np.argmax(cosines))] == answer


def test_rows_are_normalised_float32_of_the_models_dimension(embedder: StaticEmbedder) -> None:
    rows = embedder.embed(list(CODE.values()))
    assert rows.dtype == np.float32
    assert rows.shape == (len(CODE), embedder.model.dim)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert embedder.embed_query("read a file").shape == (embedder.model.dim,)
    assert embedder.model.quick


@pytest.mark.parametrize("text", ["", "   \n\t", "{}();->!", "\x00\x01\x1b\x7f", "—…«»"])
def test_a_text_without_words_is_all_zeros(embedder: StaticEmbedder, text: str) -> None:
    assert not embedder.embed([text, "word"])[0].any()
    assert not embedder.embed_query(text).any()


def test_no_texts_give_no_rows(embedder: StaticEmbedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.model.dim)


@pytest.mark.parametrize(
    "text",
    ["日本語", "العربية", "हिन्दी", "ελληνικά", "עברית", "ไทย", "🙂 emoji", "Ёлка ЁЖ", "\ud800 half", "ﬁ Ⅳ ß İ"],
)
def test_any_script_has_a_vector(embedder: StaticEmbedder, text: str) -> None:
    for vector in (embedder.embed([text])[0], embedder.embed_query(text)):
        assert np.isclose(np.linalg.norm(vector), 1, atol=1e-5)


def test_unknown_words_are_told_apart_and_recognised(embedder: StaticEmbedder) -> None:
    texts = ["qwzxplk frobnicator", "vbnmkjh gargleblaster"]
    rows = embedder.embed(texts)
    assert rows[0] @ rows[1] < 0.9
    assert np.argmax(rows @ embedder.embed_query("frobnicator")) == 0


def test_a_text_of_a_megabyte_is_cut_not_refused(embedder: StaticEmbedder) -> None:
    long = "def read_file(path):\n    return open(path).read()\n" * 20_000
    assert np.array_equal(embedder.embed([long]), embedder.embed([long[: static.MAX_CHARS]]))
    assert np.isclose(np.linalg.norm(embedder.embed_query("я" * 1_000_000)), 1, atol=1e-5)


def test_a_row_does_not_depend_on_its_neighbours_or_on_the_order(embedder: StaticEmbedder) -> None:
    texts = [*CODE.values(), "", *(f"text number {i} of many" for i in range(600))]
    together = embedder.embed(texts)
    assert np.allclose(together[::-1], embedder.embed(texts[::-1]), atol=1e-6)
    assert np.allclose(together[3], embedder.embed([texts[3]])[0], atol=1e-6)
    assert np.array_equal(together, embedder.embed(texts))


def test_threads_see_the_same_vectors() -> None:
    content = resources.files("magray_models.embedders").joinpath(static.WEIGHTS_FILE).read_bytes()
    fresh = embedder_from(content, static.WEIGHTS_SHA256)
    texts = [f"{code} parameter_{i}" for i in range(40) for code in CODE.values()]
    expected = load_static().embed(texts)
    failures: list[int] = []

    def work(seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(texts))
        if not np.allclose(fresh.embed([texts[i] for i in order]), expected[order], atol=1e-6):
            failures.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_shipped_file_is_the_one_that_the_code_names() -> None:
    content = resources.files("magray_models.embedders").joinpath(static.WEIGHTS_FILE).read_bytes()
    assert hashlib.sha256(content).hexdigest() == static.WEIGHTS_SHA256
    assert len(content) <= 8_000_000
    assert load_static().model.id == f"static-1-{static.WEIGHTS_SHA256[:8]}"
    assert load_static() is load_static()


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty"])
def test_a_damaged_file_is_refused_in_one_sentence(damage: str) -> None:
    content = resources.files("magray_models.embedders").joinpath(static.WEIGHTS_FILE).read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    damaged = {"flipped": flipped, "cut": content[:-1], "empty": b""}[damage]
    with pytest.raises(ProviderError, match="damaged") as raised:
        embedder_from(damaged, static.WEIGHTS_SHA256)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("getHTTPUser_id2", ["get", "http", "user", "id", "2"]), ("snake_case_name", ["snake", "case", "name"]),
        ("PascalCase", ["pascal", "case"]), ("MAX_BYTES", ["max", "bytes"]), ("__init__", ["init"]),
        ("utf8", ["utf", "8"]), ("файлами", ["файл"]), ("ФАЙЛЫ", ["файл"]), ("日本", ["日本"]), ("_", []),
    ],
)  # fmt: skip
def test_identifiers_come_apart_into_lower_case_words(identifier: str, words: list[str]) -> None:
    assert words_of(identifier) == words


def test_forms_of_one_russian_word_are_one_token() -> None:
    assert len({tuple(words_of(form)) for form in ("строка", "строки", "строку", "строкой", "строк", "строкам")}) == 1


def test_an_unknown_word_falls_back_to_what_it_is_made_of() -> None:
    vocabulary = Vocabulary(["file", "path", "read_file", "read"], n_buckets=4)
    file, path, read_file, read = range(4, 8)
    assert vocabulary.rows("files") == [file]
    assert vocabulary.rows("filepath") == [file, path]
    assert vocabulary.rows("readFile") == [read, file, read_file]
    assert set(vocabulary.rows("zzyzx")) <= set(range(4))
