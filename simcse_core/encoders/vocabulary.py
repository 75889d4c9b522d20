"""The tokenizer in the files of a checkpoint, checked on words it must know."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.encoders.tokens import read_json, special_tokens
from simcse_core.errors import EncoderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORDPIECE = ("bert", "distilbert", "electra", "mpnet")


def load_backend(folder: Path, family: str) -> Tokenizer:
    """The tokenizer of a checkpoint folder, without padding or truncation, checked on known words.

    `tokenizer.json` is taken where it exists; otherwise the tokenizer is built here from `vocab.txt`
    (WordPiece) or `vocab.json` and `merges.txt` (byte-level BPE).

    Raises:
        EncoderError: No usable tokenizer file, or known words come out as unknown.
    """
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    if file.is_file():
        try:
            backend = Tokenizer.from_file(str(file))
        except Exception as error:  # the Rust side raises bare Exception
            raise EncoderError(
                f"{file} cannot be read: {error}.", hint="Fetch the checkpoint again."
            ) from None
    elif (folder / "vocab.txt").is_file() and family in WORDPIECE:
        backend = _wordpiece(folder)
    elif (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        backend = _byte_pairs(folder)
    else:
        raise EncoderError(
            f"{folder} has no tokenizer.",
            hint="Copy tokenizer.json beside config.json (transformers' save_pretrained writes it).",
        )
    backend.no_truncation()
    backend.no_padding()
    _check_known_words(backend, folder, special_tokens(folder).get("unk_token"))
    return backend


def _wordpiece(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    vocab = {word.rstrip("\r"): number for number, word in enumerate(words) if word}
    settings = read_json(folder / "tokenizer_config.json")
    special = special_tokens(folder)
    start = special.get("cls_token", "[CLS]" if "[CLS]" in vocab else "<s>")
    end = special.get("sep_token", "[SEP]" if "[SEP]" in vocab else "</s>")
    if start not in vocab or end not in vocab:
        raise EncoderError(f"{folder / 'vocab.txt'} has no {start} or no {end}.")
    unknown = special.get("unk_token", "[UNK]")
    backend = Tokenizer(models.WordPiece(vocab, unk_token=unknown))
    backend.normalizer = normalizers.BertNormalizer(
        lowercase=settings.get("do_lower_case", True),
        strip_accents=settings.get("strip_accents"),
        handle_chinese_chars=settings.get("tokenize_chinese_chars", True),
    )
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing((end, vocab[end]), (start, vocab[start]))
    backend.decoder = decoders.WordPiece()
    backend.add_special_tokens(sorted({*special.values(), start, end, unknown} & set(vocab)))
    return backend


def _byte_pairs(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    special = special_tokens(folder)
    model = models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
    backend = Tokenizer(model)
    spaced = bool(read_json(folder / "tokenizer_config.json").get("add_prefix_space", False))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=spaced)
    backend.decoder = decoders.ByteLevel()
    start, end = special.get("cls_token", "<s>"), special.get("sep_token", "</s>")
    vocab = backend.get_vocab()
    if start not in vocab or end not in vocab:
        raise EncoderError(f"{folder / 'vocab.json'} has no {start} or no {end}.")
    backend.post_processor = processors.RobertaProcessing(
        (end, vocab[end]), (start, vocab[start]), add_prefix_space=spaced
    )
    backend.add_special_tokens(sorted({*special.values(), start, end} & set(vocab)))
    return backend


def _check_known_words(backend: Tokenizer, folder: Path, unknown: str | None) -> None:
    """Refuse a tokenizer that does not know words of its own vocabulary (every sentence would look alike)."""
    vocab = backend.get_vocab()
    if unknown is None:
        unknown = next((token for token in ("[UNK]", "<unk>") if token in vocab), None)
    words = [word for word in vocab if word.isascii() and word.isalpha() and word.islower() and len(word) > 2]
    words = sorted(words, key=lambda word: vocab[word])[:50]
    number = vocab.get(unknown) if unknown else None
    missed = [word for word in words if number in backend.encode(word, add_special_tokens=False).ids]
    if len(vocab) < 10 or (number is not None and words and len(missed) > len(words) // 2):
        raise EncoderError(
            f"The tokenizer in {folder} does not know words of its own vocabulary ({len(vocab)} tokens).",
            hint="Its files do not belong together; copy the tokenizer.json of the original checkpoint.",
        )
