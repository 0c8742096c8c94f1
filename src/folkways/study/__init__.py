"""The one place that knows the order of the stages and hands one what another made."""

from folkways.study.study import Study

__all__ = ["Study"]
