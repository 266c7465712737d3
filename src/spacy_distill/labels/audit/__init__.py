"""What the labels of a corpus are like, alone, beside each other and against gold."""
