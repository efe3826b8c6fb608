"""The order manager: a broker whose orders survive lost answers, dead processes and a venue that misleads.

``OrderManager`` is the ``Broker`` the engine sees; behind it stands a ``VenueGateway``. Every fact is on the tape before it is acted on,
and what the manager knows is a fold over the tape, so that a start and a recovery are the same thing.
"""
