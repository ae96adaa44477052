"""From a posting to questions, from an interview to its summary."""
