"""What the notebooks ask and show: tasks, predictions, the quiz, and the models behind the pictures."""
