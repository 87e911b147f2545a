"""Runs that kill and disturb both programs, and count in PagerDuty's own books what was lost or doubled."""
