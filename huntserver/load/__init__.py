"""The load harness: real WebSocket players in processes of their own, an open-loop schedule, honest latencies."""
