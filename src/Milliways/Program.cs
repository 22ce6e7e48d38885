System.Console.WriteLine("Milliways");
