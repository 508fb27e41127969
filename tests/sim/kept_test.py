from simpose_tf.sim.kept import Kept


def test_things_are_made_once_and_the_longest_unused_is_released():
    made, released = [], []
    kept = Kept(2, released.append)

    def get(key):
        return kept.get(key, lambda: made.append(key) or key)

    assert [get("a"), get("b"), get("a")] == ["a", "b", "a"]
    assert made == ["a", "b"]
    get("c")
    assert released == ["b"]
    get("b")
    assert released == ["b", "a"] and made == ["a", "b", "c", "b"]
