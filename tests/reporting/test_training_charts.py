from hypothesis import given
from hypothesis import strategies as st

from mlptrain.reporting.training_charts import chart_trainings
from mlptrain.reporting.training_curves import list_training_curves
from tests.reporting.test_training_curves import histories, watch
from tests.support.streams import drawn


def collect(found):
    names = [f"fold {k + 1}" for k in range(len(found))] if len(found) > 1 else ()
    return list_training_curves(found, names, watch("auc"), running_loss=True)


@drawn
@given(st.lists(histories(), min_size=1, max_size=3))
def test_each_curve_is_a_line_over_its_own_epochs(found):
    trainings = collect(found)
    lines = [line for chart in chart_trainings(trainings) for line in chart.curves]
    curves = [curve for each in trainings for chart in each.charts for curve in chart]
    assert sorted(map(repr, (line.y for line in lines))) == sorted(map(repr, (curve.values for curve in curves)))
    ends = {(each.epochs.first, each.epochs.last) for each in trainings}
    assert all((line.x[0], round(line.x[-1], 6)) in ends for line in lines)
    assert all(len(line.x) == len(line.y) for line in lines)


@drawn
@given(st.lists(histories(), min_size=2, max_size=3))
def test_curves_of_one_name_of_several_trainings_share_a_chart(found):
    charts = chart_trainings(collect(found))
    assert len({chart.y_name for chart in charts}) == len(charts)
    for chart in charts:
        assert (
            len({line.name for line in chart.curves}) == len({line.css for line in chart.curves}) == len(chart.curves)
        )


@drawn
@given(histories())
def test_one_training_has_its_best_epoch_in_each_chart(history):
    (training,) = collect([history])
    best = training.epochs.best
    marks = {chart.upright for chart in chart_trainings([training])}
    assert marks <= {None if best is None else (float(best), f"best: {best:,}")}
