"""The training loop and everything it needs: batches, optimizer, schedules, evaluation, devices."""
