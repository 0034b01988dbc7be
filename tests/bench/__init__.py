"""What a message may cost: CPU a message against a committed reference (`scripts/bench_reference` writes it)."""
