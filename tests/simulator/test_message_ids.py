import uuid

from smsgwd.simulator.message_ids import first_number, id_writer


def test_the_forms_of_one_number():
    assert id_writer("dec")(3735928559) == b"3735928559"
    assert id_writer("hex")(3735928559) == b"deadbeef"
    made = id_writer("uuid")(7)
    assert uuid.UUID(made.decode()).version == 4
    assert made == id_writer("uuid")(7) != id_writer("uuid")(8)


def test_ids_differ_from_run_to_run_and_fit_their_field():
    first, later = first_number(1_795_276_538.870), first_number(1_795_276_538.871)
    assert later - first >= 1000
    assert len(id_writer("dec")(first)) <= 64
