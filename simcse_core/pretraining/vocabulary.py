"""WordPiece vocabularies: trained on a corpus, or pruned to what a corpus uses.

Pruning is safe because WordPiece takes the longest piece first (Wu et al. 2016, arXiv:1609.08144): while
every piece that the full vocabulary would use is there, no longer one can be, so the result is the same.
Words that used a pruned piece fall apart into shorter ones, down to single characters, which are all kept.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from simcse_core.errors import EncoderError

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PREFIX = "##"
ALPHABET = 200  # characters beyond ASCII that a trained vocabulary knows, at most
COMMON_CHARACTER = 5  # times a character beyond ASCII must occur to be kept
ROUNDS = 4  # of pruning, so that pieces that take over from pruned ones are counted first
_WORDS = re.compile(r"\w+|[^\w\s]")
_BLOCK = 65_536


def wordpiece(vocabulary: Mapping[str, int], *, like: Tokenizer | None = None) -> Tokenizer:
    """An uncased WordPiece tokenizer with `[CLS]` and `[SEP]` around a text.

    Args:
        vocabulary: Piece → number, the special tokens included.
        like: Tokenizer whose normaliser is taken; BERT's uncased one where None.
    """
    backend = Tokenizer(models.WordPiece(dict(vocabulary), unk_token="[UNK]", max_input_chars_per_word=100))
    own = None if like is None else like.normalizer
    backend.normalizer = own or normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(token, vocabulary[token]) for token in ("[SEP]", "[CLS]")]
    backend.post_processor = processors.BertProcessing(*ends)
    backend.decoder = decoders.WordPiece(prefix=PREFIX)
    backend.add_special_tokens(list(SPECIAL))
    return backend


def word_counts(texts: Iterable[str]) -> Counter[str]:
    """How often each lower-cased word or punctuation mark occurs."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_WORDS.findall(text.lower()))
    return counts


def train_vocabulary(texts: Sequence[str], size: int) -> Tokenizer:
    """A WordPiece tokenizer of `size` pieces learnt from the texts, the same each time.

    It knows every printable ASCII character, and the `ALPHABET` most frequent others that occur at least
    `COMMON_CHARACTER` times.
    """
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    letters = _alphabet(texts)
    # characters are given as special tokens, because the trainer numbers others in the order of a hash table
    # and breaks ties between merges by number
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        special_tokens=[*SPECIAL, *letters, *(PREFIX + letter for letter in letters)],
        initial_alphabet=letters,
        limit_alphabet=len(letters),
        show_progress=False,
        continuing_subword_prefix=PREFIX,
    )
    backend.train_from_iterator(texts, trainer)
    return wordpiece(backend.get_vocab())


def _alphabet(texts: Iterable[str]) -> list[str]:
    seen = Counter(character for text in texts for character in text.lower())
    ascii_letters = set(string.printable.lower()) - set(string.whitespace)
    common = [c for c, count in seen.items() if count >= COMMON_CHARACTER and not c.isspace()]
    others = sorted(set(common) - ascii_letters, key=lambda c: (-seen[c], c))[:ALPHABET]
    return sorted({*ascii_letters, *others})


def prune(full: Tokenizer, counts: Mapping[str, int], size: int) -> Tokenizer:
    """The `size` pieces of a WordPiece tokenizer that the counted words use most.

    Kept whatever their count: special tokens, printable ASCII characters, and other characters that occur at
    least `COMMON_CHARACTER` times. Pieces keep their order.

    Args:
        full: An uncased WordPiece tokenizer with the special tokens of BERT.
        counts: Word → occurrences, from `word_counts`.
        size: Pieces in the result, at most.

    Raises:
        EncoderError: Not WordPiece, or `size` does not hold what must be kept.
    """
    vocabulary = full.get_vocab()
    if not isinstance(full.model, models.WordPiece) or any(token not in vocabulary for token in SPECIAL):
        raise EncoderError("Only WordPiece vocabularies with BERT's special tokens can be pruned.")
    always = {*SPECIAL, *_characters(vocabulary, counts)}
    if len(always) > size:
        raise EncoderError(f"{len(always):,} pieces must be kept; the vocabulary was to have {size:,}.")
    kept = sorted(vocabulary, key=vocabulary.__getitem__)
    sizes = np.geomspace(max(len(kept), size), size, ROUNDS + 1)[1:].astype(int)
    for wanted in sizes.tolist():
        current = _numbered(kept, full)
        used = piece_counts(current, counts)
        numbers = current.get_vocab()
        optional = [piece for piece in kept if piece not in always]
        optional.sort(key=lambda piece: -int(used[numbers[piece]]))
        chosen = {*optional[: max(0, wanted - len(always))], *always}
        kept = [piece for piece in kept if piece in chosen]
    return _numbered(kept, full)


def _characters(vocabulary: Mapping[str, int], counts: Mapping[str, int]) -> set[str]:
    seen: Counter[str] = Counter()
    for word, count in counts.items():
        for character in word:
            seen[character] += count
    wanted = {c for c, count in seen.items() if count >= COMMON_CHARACTER} | set(string.printable)
    return {piece for c in wanted for piece in (c, PREFIX + c) if piece in vocabulary}


def _numbered(pieces: Sequence[str], like: Tokenizer) -> Tokenizer:
    ordered = [*SPECIAL, *(piece for piece in pieces if piece not in SPECIAL)]
    return wordpiece({piece: number for number, piece in enumerate(ordered)}, like=like)


def piece_counts(backend: Tokenizer, counts: Mapping[str, int]) -> NDArray[np.int64]:
    """(V,) how often each piece is used over the counted words."""
    total = np.zeros(backend.get_vocab_size(), dtype=np.int64)
    words = list(counts)
    for start in range(0, len(words), _BLOCK):
        block = words[start : start + _BLOCK]
        rows = [one.ids for one in backend.encode_batch_fast(block, add_special_tokens=False)]
        times = np.repeat([counts[word] for word in block], [len(row) for row in rows])
        numbers = np.asarray([number for row in rows for number in row], dtype=np.int64)
        np.add.at(total, numbers, times)
    return total


def unknown_words(backend: Tokenizer, counts: Mapping[str, int], *, at_least: int) -> list[str]:
    """Words that occur `at_least` times and hold an unknown piece, most frequent first."""
    common = sorted((w for w, n in counts.items() if n >= at_least), key=lambda w: -counts[w])
    unknown = backend.token_to_id("[UNK]")
    rows = backend.encode_batch_fast(common, add_special_tokens=False) if common else []
    return [word for word, row in zip(common, rows, strict=True) if unknown in row.ids]


def continuations(backend: Tokenizer) -> NDArray[np.bool_]:
    """(V,) true at pieces that go on with a word."""
    found = np.zeros(backend.get_vocab_size(), dtype=np.bool_)
    for piece, number in backend.get_vocab().items():
        found[number] = piece.startswith(PREFIX) and len(piece) > len(PREFIX)
    return found


def tokenizer_settings(max_length: int) -> dict[str, Any]:
    """Content of a tokenizer_config.json."""
    roles = dict(
        zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True)
    )
    return {**roles, "do_lower_case": True, "model_max_length": max_length,
            "tokenizer_class": "PreTrainedTokenizerFast"}  # fmt: skip
