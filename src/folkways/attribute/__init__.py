"""Which service, operator and country a flow belongs to, and why."""
