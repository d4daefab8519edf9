"""What a spec may mean for rows, and how its choices are explained."""

import pytest

from mlptrain.commands.check import check_files

REASONS = {
    "of the recipe": ("recipe: realmlp_td\n", "two different values"),
    "of the user, over the recipe": ("recipe: realmlp_td\nloss: cross_entropy\n", "as the loss says (cross_entropy)"),
    "of the user": ("loss: cross_entropy\n", "as the loss says (cross_entropy)"),
    "of nobody": ("", "two different values"),
}


@pytest.mark.parametrize("name", REASONS)
def test_only_a_loss_that_the_user_gives_is_the_reason_of_a_target(tmp_path, name):
    text, reason = REASONS[name]
    rows = "".join(f"{k},{'pq'[k % 2]}\n" for k in range(40))
    (tmp_path / "t.csv").write_text(f"a,y\n{rows}")
    (tmp_path / "s.yaml").write_text(f"{text}data: {{train: t.csv, target: y}}\n")
    found = check_files(str(tmp_path / "s.yaml"))
    assert found.columns[-1][-1].endswith(reason)
