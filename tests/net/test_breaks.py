from smsgwd.net.breaks import Breaks


class Time:
    def __init__(self):
        self.at = 0.0
        self.slept = []

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.slept.append(self.at)
        self.at += seconds + 0.5  # and a wait for the lock


def test_a_break_follows_each_millisecond_of_work_however_long_the_break_was():
    time = Time()
    seen = []
    for row in Breaks(time.now, time.sleep).among(range(10)):
        seen.append(row)
        time.at += 0.0003
    assert seen == list(range(10))
    assert [round(at, 4) for at in time.slept] == [0.0012, 0.5034]


def test_short_work_has_no_break():
    time = Time()
    breaks = Breaks(time.now, time.sleep)
    time.at += 0.0009
    breaks()
    assert not time.slept
