"""What an annotation is: the protocol of a task, and the tasks that the package brings."""
