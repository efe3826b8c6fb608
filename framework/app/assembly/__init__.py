"""From a config to parts that fit together: strategy, venue, costs, policies, driver."""
