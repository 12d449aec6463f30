"""How two players are trained against each other, and how their samples are judged."""
