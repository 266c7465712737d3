"""What a study trains, and how: config, matrix, plan, engines, the folder of runs."""
