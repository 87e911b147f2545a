"""The note: evidence as text that an engineer reads at night."""
