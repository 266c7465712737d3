"""A BERT of two narrow layers with random weights, in the form of a model hub's folder."""

from pathlib import Path

WORDS = ["the", "and", "in", "of", "word", "gold", "distilled", "."]


def write_tiny_bert(folder: Path) -> Path:
    """Write the model and its tokenizer, and give the folder."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(33, 127)]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters]
    vocab += [f"##{letter}" for letter in letters]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(vocab)), encoding="utf8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder
