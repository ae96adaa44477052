"""Makes the sample organisation of `data/sample/people.yaml`: seeded, through the parts that judge real answers."""
