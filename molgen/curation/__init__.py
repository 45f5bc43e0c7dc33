"""Tables of compounds before anything is trained on them: divided into parts, and audited."""

from molgen.curation.auditing import audit
from molgen.curation.splitting import SplitResult, split_table
from molgen.data.audit import AuditReport

__all__ = ["AuditReport", "SplitResult", "audit", "split_table"]
