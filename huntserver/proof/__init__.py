"""What others can check of a hunt without its server: records without persons, chained by hash, and their replay."""
