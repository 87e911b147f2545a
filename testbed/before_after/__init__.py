"""The notes of ordinary incidents as a release before wrote them, beside those of this tree."""
