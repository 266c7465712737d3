"""Who carries out work: processes on this machine, or a Ray cluster. What the work is, other rooms say."""
