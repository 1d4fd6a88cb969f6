"""Trained networks at work: prediction, the prediction server and its client, heat maps, export."""
