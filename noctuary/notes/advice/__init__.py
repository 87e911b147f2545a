"""What a note says to do: commands, prose, and who would undo what is done by hand."""
