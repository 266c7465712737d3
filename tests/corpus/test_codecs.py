from contextlib import suppress

import pytest
import srsly
from srsly.msgpack import msgpack_decoders, msgpack_encoders

from spacy_distill.corpus.docbin import Codecs


def test_values_are_packed_with_the_registered_codecs():
    import numpy

    array = numpy.arange(3)
    packed = Codecs().call(srsly.msgpack_dumps, {"a": array})
    assert packed == srsly.msgpack_dumps({"a": array})
    assert (Codecs().call(srsly.msgpack_loads, packed)["a"] == array).all()


@pytest.mark.parametrize("function", [lambda: None, lambda: 1 / 0])
def test_srsly_is_left_as_it_was(function):
    with suppress(ZeroDivisionError):
        Codecs().call(function)
    for registry in (msgpack_encoders, msgpack_decoders):
        assert "get_all" not in vars(registry)


def test_codecs_are_looked_up_once(monkeypatch):
    lookups = 0
    look_up = type(msgpack_encoders).get_all

    def counted(registry):
        nonlocal lookups
        lookups += 1
        return look_up(registry)

    monkeypatch.setattr(type(msgpack_encoders), "get_all", counted)
    codecs = Codecs()
    for _ in range(100):
        codecs.call(srsly.msgpack_dumps, {})
    assert lookups == 2
