"""The Play part of the Forgetting page in a real Chromium: its arithmetic and its controls."""

import play_fixture
import play_oracle
import pytest
from play_files import write
from playwright.sync_api import Page, expect
from settled import fits_a_telephone, still

from fruitlab.config.paths import runs_root
from fruitlab.play import file as play
from fruitlab.play.file import PlayFile

pytestmark = pytest.mark.slow
expect.set_options(timeout=120_000)
FIXTURE = play_fixture.cases()


@pytest.mark.parametrize("name", FIXTURE)
def test_javascript_reproduces_the_fixture(chromium, tmp_path, name: str) -> None:
    case = FIXTURE[name]
    given = play_fixture.javascript_arguments(case, play_fixture.opened(case, tmp_path))
    page = chromium.new_page()
    got = page.evaluate(play_fixture.JAVASCRIPT, given)
    page.close()
    play_fixture.check(got, case, rel=1e-8, abs=1e-10)


@pytest.fixture
def file(tmp_path) -> PlayFile:
    return write(runs_root() / "mine" / play.NAME, steps=200)


def opened(server, tab, **options) -> Page:
    page = tab(**options)
    page.goto(f"{server.url}/forgetting")
    page.locator(".go:enabled").wait_for()
    return page


def keep(page: Page, share: int) -> None:
    """Moves the slider by the keyboard."""
    slider = page.get_by_label("Replay nice pictures")
    slider.press("Home")
    for _ in range(share // 5):
        slider.press("ArrowRight")


TRACE = "document.querySelector('.fruitlab-play .plot').data?.find(trace => trace.name === '{}')"


def curve(page: Page, name: str) -> dict[int, float]:
    x, y = page.evaluate(f"(({{x, y}}) => [x, y])({TRACE.format(name)})")
    return dict(zip(x, y, strict=True))


def finished(page: Page, file: PlayFile) -> dict[int, float]:
    expect(page.get_by_role("button", name="Play again")).to_be_visible()
    page.wait_for_function(f"{TRACE.format('nice')}?.x.at(-1) === {file.steps}")
    return curve(page, "nice")


def test_play_forgets_as_the_file_says_and_keeping_some_bends_the_curve(server, tab, file) -> None:
    page = opened(server, tab)
    expect(page.locator(".verdict")).to_contain_text("on real pictures alone")
    page.get_by_role("button", name="Play", exact=True).press("Enter")
    whole = finished(page, file)
    reference = file.notes["reference"]
    assert {step: round(60 * y) for step, y in whole.items()} == dict(
        zip(reference["step"], reference["nice"], strict=True)
    )
    expect(page.locator(".verdict")).to_contain_text("200 iterations on real pictures alone")

    keep(page, 50)
    page.get_by_role("button", name="Play again").click()
    kept = finished(page, file)
    assert kept[0] == whole[0] and kept[200] > whole[200]
    points = 100 * (kept[200] - whole[200])
    expect(page.locator(".verdict")).to_contain_text(
        f"Replaying 50% nice: saves {points:.1f} points of nice accuracy"
    )
    assert kept == {point["step"]: point["nice"] / 60 for point in play_oracle.play(file, keep=50)}


def test_step_pause_and_back_to_where_it_was(server, tab, file) -> None:
    page = opened(server, tab)
    for count in range(1, 4):
        page.get_by_role("button", name="Step").click()
        expect(page.locator(".scrub output")).to_have_text(f"{count} of 200")
    page.wait_for_function(f"{TRACE.format('nice')}?.x.at(-1) === 3")
    assert sorted(curve(page, "nice")) == [0, 1, 2, 3]
    page.get_by_role("button", name="Play", exact=True).click()
    whole = finished(page, file)

    scrub = page.get_by_label("Iteration shown")
    for _ in range(6):
        scrub.press("ArrowLeft")
    shown = still(page.locator(".scrub output").inner_text)
    place = int(shown.removesuffix(" of 200"))
    assert place < 200
    expect(page.locator(".nice b")).to_have_text(f"{whole[place]:.1%}")
    keep(page, 40)
    page.get_by_role("button", name="Play from here").click()
    bent = finished(page, file)
    assert (
        all(bent[step] == y for step, y in whole.items() if step <= place)
        and bent[200] > whole[200]
    )
    expect(page.locator(".verdict")).to_contain_text(
        f"Replaying none, then 40% nice from iteration {place}"
    )
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".scrub output")).to_have_text("0 of 200")
    keep(page, 0)
    page.get_by_role("button", name="Play", exact=True).click()
    assert {step: y for step, y in finished(page, file).items() if step != 3} == {
        step: y for step, y in whole.items() if step != 3
    }


def test_a_link_brings_the_slider_along_and_a_rerun_leaves_the_play_alone(
    server, tab, file
) -> None:
    page = opened(server, tab)
    page.get_by_role("button", name="Step").click()
    expect(page.locator(".scrub output")).to_have_text("1 of 200")
    keep(page, 25)
    page.wait_for_url("**keep=25**")  # the script has run again
    page.get_by_role("button", name="Step").click()
    expect(page.locator(".scrub output")).to_have_text("2 of 200")
    page.goto(f"{server.url}/forgetting?keep=40")
    page.locator(".go:enabled").wait_for()
    expect(page.get_by_label("Replay nice pictures")).to_have_value("40")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone(server, tab, file, scheme) -> None:
    page = opened(server, tab, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    keep(page, 20)
    page.get_by_role("button", name="Play", exact=True).click()
    finished(page, file)
    fits_a_telephone(page)
    page.wait_for_function("document.querySelector('.fruitlab-play').clientWidth <= 390")


def test_the_closed_form_learns_each_picture_once_and_shows_a_curve_of_its_own(
    server, tab, file
) -> None:
    page = opened(server, tab)
    page.get_by_role("radio", name="Closed form").check()
    page.wait_for_url("**learner=closed**")
    page.locator(".go:enabled").wait_for()
    expect(page.locator(".verdict")).to_contain_text("has learned the 21 nice pictures")
    expect(page.get_by_label("Replay nice pictures")).to_be_hidden()
    page.get_by_role("radio", name="Gradient").check()
    page.get_by_role("button", name="Play", exact=True).click()
    gradient = finished(page, file)
    page.get_by_role("radio", name="Closed form").check()  # plays, as the other one has played
    expect(page.locator(".verdict")).to_contain_text("All 50 real pictures have arrived")
    whole = finished(page, file)
    assert len({y for step, y in whole.items() if step >= 10}) == 1  # nothing changes any more
    assert whole[200] > gradient[200] == file.notes["reference"]["nice"][-1] / 60
    expect(page.locator(".nice b")).to_have_text(f"{whole[200]:.1%}")
    page.goto(f"{server.url}/forgetting?learner=closed")
    page.locator(".go:enabled").wait_for()
    expect(page.get_by_role("radio", name="Closed form")).to_be_checked()
