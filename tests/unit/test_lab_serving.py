"""Every interview is judged by its own bundle, also after a promotion or a restart in the middle."""

from pathlib import Path

from coach.brain.offline.coach import OfflineCoach
from coach.brain.prompts.bundle import PromptBundle, available
from coach.lab.promotion import Promotions
from coach.lab.serving import LiveBundles
from coach.lab.split import Split
from coach.store import open_store


async def test_an_interview_keeps_the_bundle_it_began_with(tmp_path: Path) -> None:
    made: list[str] = []

    def make(bundle: PromptBundle) -> OfflineCoach:
        made.append(bundle.name)
        return OfflineCoach()

    with open_store(f"duckdb:///{tmp_path / 'serving.duckdb'}") as store:
        promotions = Promotions(store)
        second = next(name for name in available() if name != "jobfoxy_v1")
        live = LiveBundles(promotions, make)
        first = await live.for_new("i1")
        promotions.promote(second, "it is better", override=True)
        assert (await live.for_new("i2")).startswith(second)
        judging = await live.judging(first)
        assert judging.bundle == first and (await live.judging(first)).brain is judging.brain
        restarted = LiveBundles(promotions, make)
        assert (await restarted.judging(first)).bundle == first
        assert (await restarted.judging("gone@1#000")).bundle == PromptBundle.load(second).label
        assert made == ["jobfoxy_v1", "jobfoxy_v1", second]
        await live.close()


async def test_both_arms_of_a_split_are_served(tmp_path: Path) -> None:
    with open_store(f"duckdb:///{tmp_path / 'split.duckdb'}") as store:
        promotions = Promotions(store)
        names = available()[:2]
        promotions.start_split(Split(name="t", shares=dict.fromkeys(names, 0.5), salt="s"))
        live = LiveBundles(promotions, lambda _: OfflineCoach())
        served = {(await live.for_new(f"i{n}")).split("@")[0] for n in range(40)}
        assert served == set(names)
