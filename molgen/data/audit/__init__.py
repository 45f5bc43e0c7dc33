"""What is wrong with a data set or its split before anything is trained: leakage, conflicts, and scores that need no chemistry."""

from molgen.data.audit.baselines import predict_without_chemistry
from molgen.data.audit.duplicates import Conflicts, Overlap, find_conflicts, find_overlaps, overlapping_rows
from molgen.data.audit.keys import read_held_out
from molgen.data.audit.profile import Profile, profile_tables
from molgen.data.audit.report import AuditReport, HeldOut
from molgen.data.audit.similarity import Nearness, nearness

__all__ = [
    "AuditReport",
    "Conflicts",
    "HeldOut",
    "Nearness",
    "Overlap",
    "Profile",
    "find_conflicts",
    "find_overlaps",
    "nearness",
    "overlapping_rows",
    "predict_without_chemistry",
    "profile_tables",
    "read_held_out",
]
